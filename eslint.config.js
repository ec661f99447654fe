import js from "@eslint/js";
import globals from "globals";

export default [
  // What set-up and the build of the documentation leave in a checkout is not ours.
  { ignores: [".venv/**", "site/**"] },
  { files: ["service/page/**/*.js", "*.js"], ...js.configs.recommended },
  {
    files: ["service/page/**/*.js"],
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "max-lines": ["error", 300],
      "no-nested-ternary": "off",
      "no-shadow": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      // Prettier folds code at 100; a longer line is a text, and a text can be split.
      "max-len": [
        "error",
        {
          code: 100,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
        },
      ],
    },
  },
];
