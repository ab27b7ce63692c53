"""Strict loading: published files in, checked rows out; nothing is ever defaulted. One file a storage kind."""
