"""One torch call: what goes in, what comes out, and what of it stands on the tape."""
