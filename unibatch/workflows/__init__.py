"""What people do with the client: read lists of contacts, and check, move and compare campaigns."""
