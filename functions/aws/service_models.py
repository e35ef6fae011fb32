"""The models of the services that are called: what botocore loads to create a client."""

from botocore.loaders import Loader

SERVICES = ("apigatewaymanagementapi", "dynamodb", "events", "ssm")


class ServiceModels(Loader):
    """Loads botocore's models without a list of all services.

    For each client, botocore looks into the directories of its four hundred services, although it needs the list
    for an error alone (https://github.com/boto/botocore/pull/3687). That is a quarter of the time in which a
    function creates its clients, and so a part of every cold start.
    """

    def list_available_services(self, type_name: str) -> list[str]:
        """Return `SERVICES`. botocore raises UnknownServiceError for a client of another one."""
        return list(SERVICES)
