#!/bin/sh
# google-auth 2.62.2: impersonated_credentials.Credentials takes a copy of its source with the one scope
# https://www.googleapis.com/auth/iam, so scopes that the source was made with (userinfo.email, say) are not asked for; and
# it sends "delegates": null where the service describes a list. Seen on 2026-11-30:
#   source asked for: ['https://www.googleapis.com/auth/iam']
#   body: {'delegates': None, 'scope': ['…/cloud-platform', '…/userinfo.email'], 'lifetime': '3600s'}
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check google-auth==2.62.2
"$folder/venv/bin/python" - <<'PYTHON'
import datetime as dt
import json

from google.auth import credentials, impersonated_credentials, transport

GOOGLE = "https://www.googleapis.com/auth/"
asked, sent = [], []


class Source(credentials.CredentialsWithQuotaProject, credentials.Scoped):
    """A source that notes which scopes it is asked for."""

    def __init__(self, scopes):
        super().__init__()
        self._scopes = scopes

    @property
    def requires_scopes(self):
        return False

    def with_scopes(self, scopes, default_scopes=None):
        return Source(scopes)

    def with_quota_project(self, quota_project_id):
        return self

    def refresh(self, request):
        asked.append(list(self._scopes))
        self.token = "source"


class Answer(transport.Response):
    status = 200
    headers = {}
    until = dt.datetime.now(dt.timezone.utc) + dt.timedelta(hours=1)
    data = json.dumps({"accessToken": "t", "expireTime": until.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode()


def request(url, method="GET", body=None, headers=None, **more):
    sent.append(json.loads(body))
    return Answer()


wanted = [GOOGLE + "cloud-platform", GOOGLE + "userinfo.email"]
impersonated_credentials.Credentials(Source(wanted), "collector@project.iam.gserviceaccount.com", wanted).refresh(request)
print("source asked for:", asked[-1])
print("body:", sent[-1])
assert asked[-1] == [GOOGLE + "iam"], "this has changed"
assert sent[-1]["delegates"] is None and sent[-1]["scope"] == wanted, "this has changed"
PYTHON
