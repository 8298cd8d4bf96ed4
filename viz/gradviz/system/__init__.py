"""What every room may use: files, streams, warnings, the garbage collector, fast frozen data."""
