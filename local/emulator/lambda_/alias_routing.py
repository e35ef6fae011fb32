"""Send a share of an alias's calls to a second version.

On AWS, an alias with a routing configuration sends each call to one of its two versions by chance. MiniStack
(`lambda_svc._effective_func_record_for_qualifier`) stores the configuration and always calls the first.
https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

import random
from collections.abc import Mapping
from typing import Any

from local.emulator import patching

Record = dict[str, Any]
CHANCE = random.SystemRandom()


def install() -> None:
    """Replace the choice of an alias's version, by Lambda's own API and by other services."""
    choose_first = patching.original("services.lambda_svc", "_effective_func_record_for_qualifier")
    invoke_first = patching.original("services.lambda_svc", "_invoke")
    functions = patching.original("services.lambda_svc", "_functions")
    parameter = patching.original("services.lambda_svc", "_qp_first")

    def choose(function: Record | None, qualifier: str | None) -> tuple[Record | None, Record | None]:
        chosen: tuple[Record | None, Record | None] = choose_first(function, version_of(function, qualifier))
        return chosen

    async def invoke(
        name: str,
        event: Any,
        headers: Mapping[str, str],
        path_qualifier: str | None = None,
        query_params: Mapping[str, Any] | None = None,
    ) -> Any:
        qualifier = path_qualifier or parameter(query_params or {}, "Qualifier")
        return await invoke_first(name, event, headers, version_of(functions.get(name), qualifier), query_params)

    patching.replace("services.lambda_svc", "_effective_func_record_for_qualifier", choose)
    patching.replace("services.lambda_svc", "_invoke", invoke)


def version_of(function: Record | None, qualifier: str | None) -> str | None:
    """The version that a call reaches: by chance, if it is to an alias with two. Otherwise the qualifier."""
    alias = (function or {}).get("aliases", {}).get(qualifier)
    weights = weights_of(alias) if alias else {}
    if not weights:
        return qualifier
    versions = [str(alias["FunctionVersion"]), *weights]
    [version] = CHANCE.choices(versions, [1 - sum(weights.values()), *weights.values()])
    return version


def weights_of(alias: Mapping[str, Any]) -> dict[str, float]:
    """The share of the calls of each additional version."""
    routing = alias.get("RoutingConfig") or {}
    weights = routing.get("AdditionalVersionWeights") or {}
    return {str(version): float(weight) for version, weight in weights.items()}


def called_versions(function: Record) -> list[Record]:
    """The records of the versions that callers use: those of its aliases, or the latest of one without aliases."""
    versions = function.get("versions") or {}
    called = [versions[version] for version in versions if aliases_of(function, version)]
    return called or [function]


def aliases_of(function: Record, version: str) -> list[str]:
    """The names of the aliases that call a version."""
    return [
        str(name)
        for name, alias in (function.get("aliases") or {}).items()
        if version == alias.get("FunctionVersion") or version in weights_of(alias)
    ]
