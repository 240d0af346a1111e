// Scores of the search: among equal matches, answers of the guide come first.
var Scorer = {
  score: ([docname, title, anchor, descr, score]) => {
    if (docname === "guide/questions") return score + 4;
    if (docname.startsWith("guide/")) return score + 3;
    if (docname.startsWith("auto_examples/")) return score + 1;
    if (/^(changelog|development\/|benchmarks\/)/.test(docname)) return score - 4;
    return score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
