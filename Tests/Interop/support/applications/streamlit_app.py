"""A page of Streamlit."""

import streamlit

streamlit.title("Behind Trunkline")
streamlit.write("six times seven is", 6 * 7)
