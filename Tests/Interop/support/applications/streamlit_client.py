"""What Streamlit's page does: opens the stream, has the script run, and prints what comes until it has finished."""

import sys

import websocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

url, origin = sys.argv[1:]
ws = websocket.create_connection(url, subprotocols=["streamlit"], origin=origin, timeout=30)
assert ws.subprotocol == "streamlit", ws.subprotocol
run = BackMsg()
run.rerun_script.query_string = ""
ws.send_binary(run.SerializeToString())
while True:
    got = ForwardMsg()
    got.ParseFromString(ws.recv())
    print(got)
    if got.WhichOneof("type") == "script_finished":
        break
ws.close()
