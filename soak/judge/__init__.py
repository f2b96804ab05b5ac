"""The judge beside a soak: knows what the world did and what Slack shows, and reads the product's tables as evidence.

It shares no statement and no module of the product's but ids: what a verdict must be is said by ``tests/oracle``, what
must be told by `soak.judge.breaches`, both in the words of docs/design.md.
"""
