// From a CSV file to a saved model that answers: the penguins, with their missing values.

// snippet.main
import Backprop

let table = try Table(contentsOf: "Examples/penguins.csv")
let fit = try Estimator(target: "species", seed: 1).fit(table)  // the command's own defaults
print(fit.heldOut)  // accuracy 1.0000, log loss 0.01619
let answer = try fit.model.predict([
  "island": "Biscoe", "bill_length_mm": 46.1, "bill_depth_mm": 14.3, "flipper_length_mm": 215,
  "body_mass_g": 5100, "sex": nil, "year": 2008,
])
print(answer.label, answer.probabilities["Gentoo"] ?? 0)
try fit.model.write(to: "penguins.safetensors")
// snippet.end

precondition(answer.label == "Gentoo", "it has not learned")
