"""Evidence as others check it: samples, exports, and what is found of what somebody changed."""
