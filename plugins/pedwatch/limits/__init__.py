"""PED limits: the document a team writes, how it is published, and the bitemporal history of it. Pure modules."""
