"""Where a dataset is published."""

import datetime
from dataclasses import dataclass

from huggingface_hub import constants

from icl_bench.models.hub_client import endpoint


@dataclass(frozen=True)
class Place:
    """A dataset repository of the Hub, and when it is pushed to."""

    repo: str  # ORG/NAME
    date: datetime.date
    branch: str = constants.DEFAULT_REVISION

    @property
    def url(self) -> str:
        """The page of the dataset."""
        return f"{endpoint()}/datasets/{self.repo}"

    def file_url(self, path: str) -> str:
        """Where a file of it is fetched from."""
        return f"{self.url}/resolve/{self.branch}/{path}"
