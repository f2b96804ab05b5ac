"""Clusters by where they are: what GKE tells them apart by, what it lists, what is known of each. Pure values."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from pedwatch.cluster_names import Unsettled, qualifier
from pedwatch.config import Cluster


class Place(NamedTuple):
    """What GKE itself tells clusters apart by."""

    project: str
    location: str
    name: str

    def __str__(self) -> str:
        return f"{self.project}/{self.location}"

    @property
    def qualified(self) -> str:
        """The name that no other cluster has."""
        return qualifier(self.project, self.location) + self.name


class Unaccepted(BaseModel):
    """Why a cluster is not collected until the configuration accepts where it is, and what to write there."""

    model_config = ConfigDict(frozen=True)

    outcome: Unsettled
    message: str


class KnownCluster(BaseModel):
    """A cluster as it was first seen, at the address GKE gave last; one that is ``ambiguous`` holds no pin."""

    model_config = ConfigDict(frozen=True)

    cluster: Cluster
    project: str
    location: str
    listed_at: dt.datetime = Field(description="Last cycle in which GKE listed it, or could not say that it did not")
    unaccepted: Unaccepted | None = None

    @property
    def place(self) -> Place:
        """Where it is pinned."""
        own = self.cluster.name.removeprefix(qualifier(self.project, self.location))
        return Place(self.project, self.location, own)


@dataclass(frozen=True)
class Listed:
    """What GKE lists in a cycle.

    Attributes:
        sightings: what is to be watched, by where it is; in the environment that its label says.
        standing: all that stand, also those that carry no label to be watched by.
        silent: projects of which not everything was told, so that absence proves nothing.
        undescribed: clusters that are there, whose description could not be used.
    """

    sightings: Mapping[Place, Cluster]
    standing: frozenset[Place] = frozenset()
    silent: frozenset[str] = frozenset()
    undescribed: frozenset[Place] = frozenset()

    def is_untold(self, place: Place) -> bool:
        """Whether it may be there although it is not among the sightings."""
        return place.project in self.silent or place in self.undescribed
