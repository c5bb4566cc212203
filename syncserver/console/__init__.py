"""The console: what admins see in a browser. Pages are a skin; what they do lies below, and the REST API does it too.

**A page** is a `Page` (`page.py`) in a module of `pages/`, named in that module's `PAGES`, which `routes.py` gathers:

    class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        state: str = ""
        cursor: str = ""

    async def show_list(visit: Visit[ListQuery, None]) -> Response:
        found = await things.page_of(visit.services, state=visit.query.state, cursor=visit.query.cursor)
        return visit.page("things_list.html", found=found.rows, following=found.following)

    class BlockForm(Form, frozen=True):          # `Form` brings `once`, the key under which it is done once
        reason: str

    async def block(visit: Visit[Nothing, BlockForm]) -> Response:
        thing = visit.path["thing"]
        async def work(connection: Connection) -> str:   # in one transaction with the note that it was done
            await things.block(connection, thing, visit.form.reason, actor=visit.who.actor)
            return "Blocked."
        return await visit.done(f"/console/things/{uuid_text(thing)}", await visit.once(work))

    LIST = Page(path="/things", show=show_list, query=ListQuery)
    PAGES = (LIST, Page(path="/things/{thing}/block", show=block, form=BlockForm, again=LIST))  # a form makes it a POST

Names in a path are UUIDs (`visit.path`), or words or texts where `texts` names them (`visit.texts`). Whatever is wrong
raises a `TallystickError`: a page's becomes an error page, a form's shows the page `again` (which names the same ids)
with `visit.error` above it and what was typed in `visit.typed`. A page that takes a form answers with `visit.done(...)`
(see other, with a notice for the next page), a list with `visit.csv(...)` where its query asks for that.

**Templates** (`templates/`) extend `base.html` and use the macros of `parts.html`: `form`, `field`, `reason`, `pager`,
`filters`, `facts`, `badge`, `empty`. Filters: `money(currency)`, `when`, `ago`, `short`, `uuid`. No inline script or
style runs (`gate.py`); what moves is htmx and `console.js`, and everything works without them.
"""
