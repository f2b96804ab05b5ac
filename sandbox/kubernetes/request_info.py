"""What a request to an API server is about, read from its path, and what an authorizer says in refusing it."""

from dataclasses import dataclass

from aiohttp import web

from sandbox.kubernetes.status import ApiFailure

ANONYMOUS = "system:anonymous"
#: Whoever brings a cluster's token.
USER = "sandbox@sandbox-project.iam.gserviceaccount.com"
#: Open to everyone, by the role system:public-info-viewer.
PUBLIC_PATHS = frozenset(("/version", "/healthz", "/livez", "/readyz"))
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True)
class RequestInfo:
    """A request for a resource, or for a path that is none: then ``resource`` is empty."""

    verb: str
    path: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @classmethod
    def of(cls, request: web.Request, path: str) -> "RequestInfo":
        """Read a request; ``path`` is the part of its address below the cluster's own."""
        parts = [part for part in path.split("/") if part]
        group, rest = ("", parts[2:]) if parts[:1] == ["api"] else (parts[1] if len(parts) > 1 else "", parts[3:])
        if parts[:1] not in (["api"], ["apis"]) or not rest:
            return cls("get" if request.method == "GET" else request.method.lower(), path)
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        elif rest[0] == "namespaces" and len(rest) == 2:
            namespace = rest[1]
        resource, name, subresource = (*rest, "", "")[:3]
        verb = _VERBS.get(request.method, "get" if name else "list")
        if verb == "list" and request.query.get("watch") in ("1", "t", "T", "true", "TRUE", "True"):
            verb = "watch"
        if verb == "delete" and not name:
            verb = "deletecollection"
        return cls(verb, path, group, resource, namespace, name, subresource)

    @property
    def what(self) -> str:
        """Resource and subresource, as an authorizer names them."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    def refused(self, user: str) -> ApiFailure:
        """Return the 403 of an authorizer: who may not do what, and where."""
        if not self.resource:
            return ApiFailure(403, "Forbidden", f'forbidden: User "{user}" cannot {self.verb} path "{self.path}"')
        kind = f"{self.resource}.{self.group}" if self.group else self.resource
        scope = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        denied = f'User "{user}" cannot {self.verb} resource "{self.what}" in API group "{self.group}" {scope}'
        subject = f'{kind} "{self.name}"' if self.name else kind
        details = {"name": self.name, "group": self.group, "kind": self.resource}
        told = {key: value for key, value in details.items() if value}
        return ApiFailure(403, "Forbidden", f"{subject} is forbidden: {denied}", details=told)


INFO: web.RequestKey[RequestInfo] = web.RequestKey("info", RequestInfo)
