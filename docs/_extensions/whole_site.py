"""Parts of the build that concern the whole site: pictures, sitemap, pages to link to."""

import shutil
from inspect import unwrap
from pathlib import Path

from sphinx.util.nodes import make_refnode
from sphinx_gallery.scrapers import figure_rst

OTHERS = {"keras", "numpy", "pandas", "sklearn", "sktime"}


def saved_pictures(block, block_vars, gallery_conf):
    """Show the pictures that an example has saved in its folder, and move them."""
    del block
    folder = Path(block_vars["src_file"]).parent
    shown = []
    for picture in sorted(folder.glob("*.png")):
        target = next(block_vars["image_path_iterator"])
        shutil.move(picture, target)
        shown.append(target)
    return figure_rst(shown, gallery_conf["src_dir"])


def skip_names_of_others(app, what, name, thing, skip, options):
    """Leave out the members of a class that come from scikit-learn, sktime or Keras."""
    del app, name, options
    if skip or what != "class":
        return skip
    function = getattr(thing, "fget", None) or getattr(thing, "__func__", thing)
    module = getattr(unwrap(function), "__module__", None) or ""
    return not module.startswith("skforecast_lstm")


def find_reference(app, env, node, text):
    """Link a short name, such as `LSTMRegressor`, to its page in the reference.

    Names of other packages stay plain text if their inventories are not there.
    """
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py":
        return None
    objects = env.get_domain("py").objects
    last = target.rpartition(".")[2]
    found = [
        name
        for name, entry in objects.items()
        if name.rpartition(".")[2] == last
        and entry.objtype in ("class", "function")
        and not entry.aliased
    ]
    if len(found) == 1:
        entry = objects[found[0]]
        return make_refnode(
            app.builder, node["refdoc"], entry.docname, entry.node_id, text, found[0]
        )
    return text if target.split(".")[0] in OTHERS else None


def mend_page(app, pagename, templatename, context, doctree):
    """Make empty headers of tables ordinary cells, because a header needs a name."""
    del app, pagename, templatename, doctree
    if "body" in context:
        empty = '<th class="head"><p></p></th>'
        body = context["body"].replace(empty, "<td></td>")
        # Examples end with a blank line, where pytest ends their output.
        context["body"] = body.replace("\n\n</pre>", "\n</pre>")


def write_sitemap(app, exception):
    """Write sitemap.xml and robots.txt for the pages of the build."""
    if exception or app.builder.format != "html":
        return
    pages = sorted(set(app.env.found_docs) - {"404"})
    base = app.config.html_baseurl
    entries = "".join(
        f"  <url><loc>{base}{app.builder.get_target_uri(page)}</loc></url>\n"
        for page in pages
    )
    folder = Path(app.outdir)
    (folder / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{entries}</urlset>\n",
        encoding="utf-8",
    )
    (folder / "robots.txt").write_text(
        f"User-agent: *\nSitemap: {base}sitemap.xml\n", encoding="utf-8"
    )


def setup(app):
    """Connect to Sphinx."""
    app.connect("autodoc-skip-member", skip_names_of_others)
    app.connect("missing-reference", find_reference)
    app.connect("html-page-context", mend_page)
    app.connect("build-finished", write_sitemap)
    return {"parallel_read_safe": True}
