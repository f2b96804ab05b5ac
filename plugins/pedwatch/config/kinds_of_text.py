"""What texts of the configuration look like, and the rule that no key is unknown."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
CLUSTER_NAME = r"^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
LABEL_VALUE = r"^[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?$"
SERVICE_ACCOUNT = r"^[a-z0-9][-.a-z0-9]*@[a-z0-9][-.a-z0-9]*\.gserviceaccount\.com$"
CHANNEL_ID = r"^[CGD][A-Z0-9]{2,}$"
Name = Annotated[str, Field(pattern=NAME, max_length=63)]
ClusterName = Annotated[str, Field(pattern=CLUSTER_NAME, max_length=100)]
LabelKey = Annotated[
    str, Field(pattern=LABEL_KEY, max_length=317, description="A Kubernetes label key such as app or acme.io/tier")
]
LabelValue = Annotated[str, Field(pattern=LABEL_VALUE, max_length=63)]
ChannelId = Annotated[str, Field(pattern=CHANNEL_ID, description="A Slack channel id such as C0PLATFORM, not a name")]
HttpAddress = Annotated[str, Field(pattern=r"^https?://[^\s<>|]+$", max_length=500)]


class Strict(BaseModel):
    """Unknown keys are errors: a typo must not silently weaken detection."""

    model_config = ConfigDict(extra="forbid", frozen=True)
