"""Results in, text out: pure functions, no clock, no pytest."""
