"""PED limits: the document a team writes, how it is published, its history. Pure; ``store/`` reads and writes."""
