"""Names of tensors that a wrapper of the model put a prefix before, as torch.compile does."""

import re
from collections.abc import Collection

_WRAPPERS = {"_orig_mod": "torch.compile", "module": "DataParallel or DistributedDataParallel"}
_PREFIX = re.compile(rf"((?:{'|'.join(_WRAPPERS)})\.)+")


def wrapper_fault(names: Collection[str], known: Collection[str] = ()) -> str | None:
    """The message about tensors that are all named as in a wrapped model; None where they are not.

    `known` are names that are right as they are.
    """
    prefixes = {match[0] if (match := _PREFIX.match(name)) else "" for name in names}
    if len(prefixes) != 1 or "" in prefixes or set(names) & set(known):
        return None
    (prefix,) = prefixes
    parts = prefix.rstrip(".").split(".")
    wrappers = " and ".join(_WRAPPERS[part] for part in dict.fromkeys(parts))
    return (
        f"its tensors are called {prefix}…, as in a model wrapped by {wrappers}; save the model inside it, "
        f"`model.{'.'.join(parts)}`, or take {prefix!r} off the names"
    )
