"""What teams do with limits, by the product's own publisher; run in a process of its own, as it would be at a desk."""

from typing import Any


def act(documents: list[dict[str, Any]], withdrawn: list[str], broken: list[str]) -> int:
    """Publish documents, withdraw others, and break some past the publisher; returns how many were written."""
    from google.cloud import firestore

    from pedwatch import settings
    from pedwatch.hooks import clients
    from pedwatch.limits.document import PedLimit
    from pedwatch.limits.document_changes import DocumentChange, plan_changes, write_of
    from pedwatch.limits.store.firestore import FirestoreLimits

    config = settings.load_config()
    store = FirestoreLimits.from_config(config, clients.AsPerson())
    stored = {document.document_id: document for document in store.matching()}
    changes = plan_changes([PedLimit.model_validate(document) for document in documents], stored.values())
    changes += [DocumentChange("withdrawn", name, stored[name], None) for name in withdrawn if name in stored]
    store.write([write_of(change) for change in changes])
    client = clients.AsPerson().firestore(config)
    for name in broken:
        document = client.collection(config.firestore.collection).document(name)
        document.update({"max_replicas": "plenty", "updated_at": firestore.SERVER_TIMESTAMP})
    return len(changes) + len(broken)
