"""Sphinx extension: formulas as MathML, which browsers draw without a network."""

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml


def markup(tex, block):
    """Return MathML; two commands are written as others that docutils knows."""
    tex = tex.strip().replace(r"\Big", "").replace(r"\dots", r"\ldots")
    if block and "&" in tex and r"\begin" not in tex:
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    return tex2mathml(tex, as_block=block)


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
