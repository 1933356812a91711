"""What a page of Bokeh does, through its own client: prints the document that the server has for it."""

import sys

from bokeh.client import pull_session

session = pull_session(url=sys.argv[1])
print(session.document.roots[0].text)
session.close()
