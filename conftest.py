pytest_plugins = ["harness.plugin", "fixtures.models", "fixtures.rows", "fixtures.cases"]
