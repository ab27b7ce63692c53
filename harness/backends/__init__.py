"""One file a backend. Each has ``open_model(spec) -> harness.records.Model``; the folder is the registry."""
