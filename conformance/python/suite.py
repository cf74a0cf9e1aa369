"""Runs every case of both packages, one after the other, and prints a line for
each: "pass NAME" or "fail NAME: why"."""

import anthropic_cases
import openai_cases

openai_cases.cases()
anthropic_cases.cases()
