"""The page of twenty lines that `page.py` compares ours with: python plain_page.py MODEL PORT"""

import sys

import gradio as gr
from transformers import pipeline

fill = pipeline("fill-mask", model=sys.argv[1], top_k=8, device="cpu")


def predict(text):
    return {row["token_str"]: row["score"] for row in fill(text)}


with gr.Blocks(analytics_enabled=False) as demo:
    sentence = gr.Textbox(label="Sentence", elem_id="sentence")
    answer = gr.Label(elem_id="results", num_top_classes=8)
    sentence.submit(predict, sentence, answer)
demo.launch(server_port=int(sys.argv[2]), quiet=True, ssr_mode=False)
