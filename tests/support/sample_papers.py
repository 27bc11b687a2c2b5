"""What the sample papers answer: for each, its answers to the example questions, in their order."""

import json

from tests.support.paths import ROOT

FOLDER = ROOT / "assets" / "papers"
QUESTIONS = tuple(json.loads((FOLDER / "questions.json").read_text()))
ANSWERS = {
    "alternate-day-iron": ("126", "60 mg", "Nausea"),
    "bariatric-surgery": ("118", "750 mg", "Skin staining"),
    "before-surgery": ("163", "1,500 mg", "Flushing and a brief tightness of the chest"),
    "blood-donors": ("258", "38 mg", "Mild stomach pain"),
    "bowel-disease": ("Seventy-four", "30 mg", "Low phosphate"),
    "dialysis-sucrose": ("92", "400 mg", "Low blood pressure"),
    "elderly-low-dose": ("Ninety", "15, 50 or 150 mg", "abdominal discomfort"),
    "heart-failure": ("304", "20 mg per kilogram", "back pain"),
    "helicobacter": ("Eighty-six", "200 mg", "A metallic taste and loose stools"),
    "infant-drops": ("168", "2 mg per kilogram a day", "stained gums"),
    "infusion-after-birth": ("210", "1,000 mg", "Headache"),
    "lactoferrin-pregnancy": ("196", "150 mg", "Constipation, heartburn and vomiting"),
    "runners": ("48", "100 mg", "constipation"),
    "school-powder": ("1,384", "12.5 mg", "Diarrhea"),
    "vitamin-c": ("440", "100 mg", "Heartburn"),
    "weekly-adolescents": ("2,150", "60 mg", "Stomach cramps"),
}
UNANSWERED = ("bread-model", "hepcidin-assay", "screening-comment", "tablet-interviews")
