"""What the suite costs: the same rows through a bare loop and through the suite. Run ``python -m harness.bench``."""
