"""Tests of the instrument. The tests made with the instrument are in ``benches``."""
