"""What Rasa and scikit-learn work out anew for every message although it never changes, worked out once.

Nothing they decide becomes different; they only stop repeating themselves. Of the processor time of a turn in Rasa's
process a quarter went into checking that the schema of an action's answer is itself a schema, an eighth into adding up
the same weights of words (docs/benchmarks.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer

_weights: WeakKeyDictionary[TfidfTransformer, tuple[Any, Any]] = WeakKeyDictionary()


def of_models() -> None:
    """Keep the weights of words that scikit-learn's TfidfTransformer adds up each time it looks whether it has any."""
    TfidfTransformer.idf_ = property(_idf, TfidfTransformer.idf_.fset)


def _idf(transformer: TfidfTransformer) -> Any:
    # As the original: AttributeError where nothing was learnt yet, which is how scikit-learn finds that out.
    diagonal = transformer._idf_diag
    kept = _weights.get(transformer)
    if kept is None or kept[0] is not diagonal:
        kept = (diagonal, np.ravel(diagonal.sum(axis=0)))
        _weights[transformer] = kept
    return kept[1]


def of_rasa() -> None:
    """Keep what Rasa makes anew for every call of an action: the compiled schema of its answer, and the connection."""
    _keep_schema()
    _keep_connections()


def _keep_schema() -> None:
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped]
    from jsonschema.validators import validator_for  # type: ignore[import-untyped]
    from rasa.core.actions.action import RemoteAction

    schema = RemoteAction.action_response_format_spec()
    validator = validator_for(schema)(schema)

    def validate(_self: RemoteAction, result: dict[str, Any]) -> bool:
        error = best_match(validator.iter_errors(result))
        if error is not None:
            raise error
        return True

    RemoteAction._validate_action_result = validate


def _keep_connections() -> None:
    import aiohttp
    from rasa.utils.endpoints import EndpointConfig

    if getattr(EndpointConfig.session, "keeps", False):
        return  # done before in this process: kept once more, nobody would get the connection itself
    make: Callable[[EndpointConfig], aiohttp.ClientSession] = EndpointConfig.session
    kept: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, aiohttp.ClientSession]] = WeakKeyDictionary()

    def session(endpoint: EndpointConfig) -> _Kept:
        sessions = kept.setdefault(asyncio.get_running_loop(), {})
        # By all that a session is made of: another endpoint may have other headers or another password.
        known_by = repr((endpoint.url, endpoint.headers, endpoint.basic_auth))
        if known_by not in sessions or sessions[known_by].closed:
            sessions[known_by] = make(endpoint)
        return _Kept(sessions[known_by])

    session.keeps = True  # type: ignore[attr-defined]
    EndpointConfig.session = session


class _Kept:
    """Something that outlives the `async with` it is used in."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    async def __aenter__(self) -> Any:
        return self._thing

    async def __aexit__(self, *_: object) -> None:
        return None
