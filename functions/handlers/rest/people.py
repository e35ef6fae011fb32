"""`/me`, `/users`, `/tickets` and `/sign-out`: the caller, the directory, and the caller's session."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.aws import bus, rates, tickets, users
from functions.aws.clock import now_ms
from functions.chat.rate import RENAMES, TICKETS
from functions.contract.events import UserRenamed
from functions.contract.model import timestamp
from functions.contract.resources import Profile, Ticket, UserPage
from functions.handlers import http
from functions.handlers.rest import registered
from functions.logic.sign_out import sign_out
from functions.settings import ApiSettings

router = Router()


@router.get("/me")
def read_me() -> Response[str]:
    """Return the caller."""
    return http.answer(registered.caller(router, ApiSettings.from_env()))


@router.put("/me")
def rename_me() -> Response[str]:
    """Change the caller's display name and publish UserRenamed."""
    settings, profile = ApiSettings.from_env(), http.body_of(router, Profile)
    user = registered.caller(router, settings)
    now = now_ms()
    rates.check(settings.rates_table, user.user_id, RENAMES, now_ms=now)
    users.rename(settings.users_table, user.user_id, profile.display_name)
    renamed = UserRenamed(user_id=user.user_id, display_name=profile.display_name, renamed_at=timestamp(now))
    bus.publish(
        settings.bus_name,
        [renamed],
        actor=user.user_id,
        correlation_id=http.correlation_id(router),
        now_ms=now,
    )
    return http.answer(user.model_copy(update={"display_name": profile.display_name}))


@router.get("/users")
def list_users() -> Response[str]:
    """Return a page of the directory, sorted by display name, with presence."""
    settings = ApiSettings.from_env()
    after = http.cursor_of(router, 2)
    items, last = users.by_display_name(
        settings.users_table,
        limit=http.page_limit(router, 50),
        after=(after[0], after[1]) if after else None,
        now_ms=now_ms(),
    )
    return http.answer(UserPage(items=tuple(items), cursor=http.next_cursor(last)))


@router.post("/tickets")
def issue_ticket() -> Response[str]:
    """Issue a ticket that opens one socket within 30 seconds, for the origin of this request."""
    settings, principal = ApiSettings.from_env(), http.caller(router)
    user = registered.caller(router, settings)
    rates.check(settings.rates_table, user.user_id, TICKETS, now_ms=now_ms())
    holder = tickets.TicketHolder(
        user_id=user.user_id,
        display_name=user.display_name,
        session_id=principal.session_id,
        session_expires_at_ms=principal.session_expires_at_ms,
        signed_in_at=principal.signed_in_at,
        origin=http.origin(router),
    )
    ticket, expires_at_ms = tickets.issue(settings.tickets_table, holder, now_ms=now_ms())
    issued = Ticket(
        ticket=ticket,
        expires_at=timestamp(expires_at_ms),
        session_expires_at=timestamp(principal.session_expires_at_ms),
    )
    return http.answer(issued, status=201)


@router.post("/sign-out")
def end_session() -> Response[str]:
    """End the session of the caller's token: its sockets are closed, and it gets no more tickets."""
    sign_out(
        ApiSettings.from_env(), http.caller(router), correlation_id=http.correlation_id(router), now_ms=now_ms()
    )
    return http.no_content()
