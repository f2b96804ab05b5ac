"""Evidence packs on their way into the bucket: written, chained, read again."""
