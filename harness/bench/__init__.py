"""How fast the suite is: against loops, itself without reuse, and other suites. Run ``python -m harness.bench``."""
