"""Pictures as text are what the standard library writes of the same elements."""

from xml.etree import ElementTree

from icl_bench.charts.elements import add, as_text, picture, write

HARMFUL = "a&b &amp; <script>\"'</script>\n\r\t>\N{PUNCTUATION SPACE}李 𝟙"


def test_a_picture_is_written_as_the_standard_library_writes_it():
    svg = picture(300, 190.04, HARMFUL, HARMFUL, sized=True)
    group = add(svg, "g", class_="series", data_name=HARMFUL, fill_opacity="0.16")
    add(group, "path", d="M0,1L2,3", transform="translate(1,2)")
    write(group, HARMFUL, 1.25, 7, 12, text_anchor="end")
    add(group, "g")
    add(group, "title", "")
    add(group, "text", " ", x=-0.04)
    assert as_text(svg) == ElementTree.tostring(svg, encoding="unicode")
    for element in svg.iter():
        assert as_text(element) == ElementTree.tostring(element, encoding="unicode")
