"""The engine in processes of its own, which a page asks over HTTP: where one machine does not answer all visitors."""
