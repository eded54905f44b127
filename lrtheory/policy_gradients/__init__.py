"""Group policy gradients: what training with rewards of groups does to a policy, computed to the last digit."""

from __future__ import annotations
