"""Runs every case of both packages, one after the other, and prints a line for
each: "pass NAME" or "fail NAME: why"."""

import anthropic_cases
import anthropic_cross
import openai_cases
import openai_cross

openai_cases.cases()
openai_cross.cases()
anthropic_cases.cases()
anthropic_cross.cases()
