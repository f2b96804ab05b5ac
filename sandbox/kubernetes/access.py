"""Who may come into a cluster: its kubeconfig's owner to all but Composer's own, a Google account to what RBAC binds.

RBAC knows Google's accounts by their e-mail address and lets those that may be impersonated list workloads and HPAs, in
all namespaces or in one, and nothing else.
"""

import hmac

from aiohttp import web

from sandbox.kubernetes.clusters import COMPOSER_KINDS, COMPOSER_NAMESPACE, Cluster
from sandbox.kubernetes.iam_api import ACCOUNTS
from sandbox.kubernetes.kinds import AUTOSCALER, WORKLOADS
from sandbox.kubernetes.request_info import ANONYMOUS, INFO, PUBLIC_PATHS, USER
from sandbox.kubernetes.status import ApiFailure

_LISTED = frozenset((kind.group, kind.plural) for kind in (*WORKLOADS, AUTOSCALER))


def _offered_token(request: web.Request) -> str:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    return credentials if scheme.lower() == "bearer" else ""


def authorize(request: web.Request, cluster: Cluster) -> None:
    """Let a request in.

    Raises:
        ApiFailure: 401 for a token that nobody knows, 403 for nobody and for somebody who may not.
    """
    info, token = request[INFO], _offered_token(request)
    is_public = info.verb == "get" and info.path in PUBLIC_PATHS
    if not token and cluster.lets_anonymous_in:
        if is_public:
            return
        raise info.refused(ANONYMOUS)
    if hmac.compare_digest(token.encode(), cluster.token.encode()):
        is_object = info.verb == "create" and info.resource and not info.subresource
        if is_object and info.namespace == COMPOSER_NAMESPACE and info.resource not in COMPOSER_KINDS:
            raise info.refused(USER)
        return
    accounts = request.app[ACCOUNTS]
    caller = accounts.bearer(token)
    if caller is None:
        raise ApiFailure(401, "Unauthorized", "Unauthorized")
    is_bound = info.verb == "list" and (info.group, info.resource) in _LISTED and caller.user in accounts.readers
    if not is_bound and not is_public:
        raise info.refused(caller.user)
