"""Given/expect cases of statements: a folder a story."""
