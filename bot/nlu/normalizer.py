"""A tokenizer that hands on the words meant (bot.nlu.words).

Only the tokens change; the message keeps its text, because forms need names and dates as they were written.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.words import normalize


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class IndonesianTokenizer(Tokenizer):
    """Tokens are the words meant; their offsets count in the normalised text, not in the message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
        }

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        tokens, position = [], 0
        for word in normalize(str(message.get(attribute) or "")):
            tokens.append(Token(word, position))
            position += len(word) + 1
        return tokens
