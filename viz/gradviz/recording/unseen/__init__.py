"""What no trace sees by itself: compiled code, other threads and processes, code inside torch."""
