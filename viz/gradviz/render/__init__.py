"""Ways to show a report: one file per format, each a function from report to text."""
