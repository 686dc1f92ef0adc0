/** A page of the paper. */
export interface Article {
  /** Its name in the address, and that of its room. */
  readonly slug: string;
  readonly title: string;
  readonly lead: string;
  readonly text: readonly string[];
}

/** The pages, the first one at the front. */
export const ARTICLES: readonly Article[] = [
  {
    slug: "tides",
    title: "Why the tide is late by fifty minutes",
    lead:
      "Each day the sea keeps an appointment with the moon, and each day the moon has moved on.",
    text: [
      "The moon goes round the earth in the direction in which the earth turns. After one turn of the earth, which takes a day, it is no longer where it was: the harbour has to turn for another fifty minutes until the moon stands over it again.",
      "So high water comes fifty minutes later from one day to the next, and a beach that was bare at breakfast on Monday is under water at breakfast on Friday. Fishermen, who knew this long before astronomers, counted by tides and not by days.",
    ],
  },
  {
    slug: "otters",
    title: "Otters hold hands, and other things they do at night",
    lead:
      "A sleeping otter drifts. Two that hold on to each other drift together.",
    text: [
      "Sea otters rest on their backs in beds of kelp. They roll until a strand or two lies over them, which anchors them like a blanket that is tucked in; where there is no kelp, some take a neighbour by the paw.",
      "A group at rest is called a raft, and rafts of more than a hundred have been counted. They keep mostly to their own: the mothers with their pups here, the males over there, at a distance that both seem to find right.",
    ],
  },
  {
    slug: "lighthouse",
    title: "The last keeper turns off the lamp",
    lead:
      "For forty years she slept in pieces of three hours. Now she has bought a longer bed.",
    text: [
      "The lamp is no larger than a jam jar. What makes it seen from twenty miles is the glass around it: rings of prisms, ground so that each bends the light a little more than the one below, until all of it leaves in one flat sheet.",
      "Since spring a computer on the mainland turns it on. It has never been late, says the keeper, and it has never once looked out of the window.",
    ],
  },
  {
    slug: "bread",
    title: "A loaf that remembers 1906",
    lead:
      "The dough in the harbour bakery has been fed every day since the earthquake. It has opinions.",
    text: [
      "A sourdough is a garden of yeasts and bacteria that live on flour and water. Each day the baker takes most of it for bread, and feeds the rest; what is left is always the same dough, and never the same flour.",
      "On foggy mornings it rises slowly. The baker has stopped to explain this to people who ask for their bread at seven.",
    ],
  },
];
