"""How the documentation is built: ``make docs``."""

from gradviz.version import __version__

project = "gradviz"
copyright = "the gradviz authors"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "gradviz.sphinx_ext"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "gradviz"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#00664b", "color-brand-content": "#00664b"},
    "dark_css_variables": {"color-brand-primary": "#4fd1a5", "color-brand-content": "#4fd1a5"},
}

myst_enable_extensions = ["colon_fence", "attrs_inline"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True}
gradviz_engine = "embedded"
