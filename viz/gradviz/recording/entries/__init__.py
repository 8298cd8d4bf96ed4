"""What stands on the tape: calls and their lines, writes, what a backward raised."""
