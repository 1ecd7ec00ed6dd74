"""One file a vendor, each in the same order: facts, wire types, status tables, capabilities, flows."""
