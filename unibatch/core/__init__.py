"""The canonical model and its rules: no I/O, no HTTP library, no vendor."""
