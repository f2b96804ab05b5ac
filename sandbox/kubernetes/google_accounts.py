"""Google's service accounts as clusters and pods know them: who a token is, and who may become whom."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
IAM = "https://www.googleapis.com/auth/iam"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
LONGEST = timedelta(hours=1)


@dataclass(frozen=True)
class Account:
    """A service account: its address, and the number by which it is known where no token says the address."""

    email: str
    unique_id: str


@dataclass(frozen=True)
class Issued:
    """What a token stands for."""

    account: Account
    scopes: frozenset[str]
    expires_at: datetime

    @property
    def user(self) -> str:
        """Who GKE says this is: the address needs its scope."""
        return self.account.email if EMAIL in self.scopes else self.account.unique_id


@dataclass
class Accounts:
    """All service accounts of one project, and the tokens they were given.

    Args:
        project: the project.
        environment: name of the account that pods run as.
        impersonated: names of the accounts that it may become.
    """

    project: str
    environment: str
    impersonated: tuple[str, ...]
    is_api_enabled: bool = True
    by_email: dict[str, Account] = field(default_factory=dict)
    token_creators: set[tuple[str, str]] = field(default_factory=set)
    _issued: dict[str, Issued] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the accounts and let the environment's become the others."""
        for name in (self.environment, *self.impersonated):
            email = self.address(name)
            self.by_email[email] = Account(email, str(secrets.randbelow(10**20) + 10**20))
        self.token_creators = {(self.pods.email, self.address(name)) for name in self.impersonated}

    def address(self, name: str) -> str:
        """Return the e-mail address of an account."""
        return f"{name}@{self.project}.iam.gserviceaccount.com"

    @property
    def readers(self) -> set[str]:
        """Whom the clusters' RBAC binds: the accounts that may be impersonated, by address."""
        return {self.address(name) for name in self.impersonated}

    @property
    def pods(self) -> Account:
        """The account that every pod is."""
        return self.by_email[self.address(self.environment)]

    def issue(self, account: Account, scopes: Iterable[str], lifetime: timedelta = LONGEST) -> tuple[str, Issued]:
        """Make a token."""
        token = f"ya29.sandbox-{secrets.token_urlsafe(24)}"
        self._issued[token] = issued = Issued(account, frozenset(scopes), datetime.now(UTC) + lifetime)
        return token, issued

    def bearer(self, token: str) -> Issued | None:
        """Return who a token is, None for one that is unknown or has expired."""
        issued = self._issued.get(token)
        return issued if issued and datetime.now(UTC) < issued.expires_at else None
