"""The fuzzer: data that fits the documents and data that does not, sent to each documented request."""
