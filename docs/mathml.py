"""Sphinx extension: formulas as MathML, which browsers draw without a network."""

from html import escape

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml

# Commands that docutils does not know, and what is written for them.
_OTHERS = {r"\Big": "", r"\textstyle": "", r"\dots": r"\ldots"}


def markup(tex, block):
    """Return MathML, or the formula as it stands if docutils cannot read it."""
    tex = tex.strip()
    for command, other in _OTHERS.items():
        tex = tex.replace(command, other)
    if block and "&" in tex and r"\begin" not in tex:
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    try:
        return tex2mathml(tex, as_block=block)
    except MathError:
        return f"<code>{escape(tex)}</code>"


def visit_math(self, node):
    """Write a formula in a line of text."""
    self.body.append(markup(node.astext(), block=False))
    raise SkipNode


def visit_displaymath(self, node):
    """Write a formula that stands by itself."""
    text = markup(node.astext(), block=True)
    self.body.append(f'<div class="math">{text}</div>\n')
    raise SkipNode


def setup(app):
    """Register the renderer."""
    visitors = (visit_math, None), (visit_displaymath, None)
    app.add_html_math_renderer("mathml", *visitors)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
