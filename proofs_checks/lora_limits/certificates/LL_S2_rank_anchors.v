(* lora_limits/LL-S2-rank: The least r with r (r + 1) / 2 > K N. The library's r is the least integer with r (r +
   1) / 2 > K N, where N is the number of data and K that of outputs. That descents of the linearised problem end
   at its minimum from this rank on is the paper's, and is not checked here. Of every number of data and of
   outputs: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import LL_S2_rank.
Import ListNotations.
Open Scope R_scope.

(* data-counts:always-1 *)
Example anchor_1 :
  hypotheses 1%Z 3%Z 3%Z 0 /\
  lhs 1%Z 3%Z 3%Z 0 = (6) /\
  rhs 1%Z 3%Z 3%Z 0 = (6).
Proof. anchored. Qed.

(* data-counts:always-1 *)
Example anchor_2 :
  hypotheses 1%Z 3%Z 3%Z 1 /\
  lhs 1%Z 3%Z 3%Z 1 = (7) /\
  rhs 1%Z 3%Z 3%Z 1 = (12).
Proof. anchored. Qed.

(* data-counts:always-3 *)
Example anchor_3 :
  hypotheses 2%Z 3%Z 4%Z 0 /\
  lhs 2%Z 3%Z 4%Z 0 = (12) /\
  rhs 2%Z 3%Z 4%Z 0 = (12).
Proof. anchored. Qed.

(* data-counts:always-3 *)
Example anchor_4 :
  hypotheses 2%Z 3%Z 4%Z 1 /\
  lhs 2%Z 3%Z 4%Z 1 = (13) /\
  rhs 2%Z 3%Z 4%Z 1 = (20).
Proof. anchored. Qed.

(* data-counts:always-5 *)
Example anchor_5 :
  hypotheses 3%Z 3%Z 4%Z 0 /\
  lhs 3%Z 3%Z 4%Z 0 = (12) /\
  rhs 3%Z 3%Z 4%Z 0 = (18).
Proof. anchored. Qed.

(* data-counts:always-5 *)
Example anchor_6 :
  hypotheses 3%Z 3%Z 4%Z 1 /\
  lhs 3%Z 3%Z 4%Z 1 = (19) /\
  rhs 3%Z 3%Z 4%Z 1 = (20).
Proof. anchored. Qed.

(* data-counts:always-7 *)
Example anchor_7 :
  hypotheses 10%Z 3%Z 8%Z 0 /\
  lhs 10%Z 3%Z 8%Z 0 = (56) /\
  rhs 10%Z 3%Z 8%Z 0 = (60).
Proof. anchored. Qed.

(* data-counts:always-7 *)
Example anchor_8 :
  hypotheses 10%Z 3%Z 8%Z 1 /\
  lhs 10%Z 3%Z 8%Z 1 = (61) /\
  rhs 10%Z 3%Z 8%Z 1 = (72).
Proof. anchored. Qed.

(* data-counts:always-9 *)
Example anchor_9 :
  hypotheses 28%Z 3%Z 13%Z 0 /\
  lhs 28%Z 3%Z 13%Z 0 = (156) /\
  rhs 28%Z 3%Z 13%Z 0 = (168).
Proof. anchored. Qed.

(* data-counts:always-9 *)
Example anchor_10 :
  hypotheses 28%Z 3%Z 13%Z 1 /\
  lhs 28%Z 3%Z 13%Z 1 = (169) /\
  rhs 28%Z 3%Z 13%Z 1 = (182).
Proof. anchored. Qed.

(* data-counts:always-11 *)
Example anchor_11 :
  hypotheses 1000%Z 3%Z 77%Z 0 /\
  lhs 1000%Z 3%Z 77%Z 0 = (5852) /\
  rhs 1000%Z 3%Z 77%Z 0 = (6000).
Proof. anchored. Qed.

(* data-counts:always-11 *)
Example anchor_12 :
  hypotheses 1000%Z 3%Z 77%Z 1 /\
  lhs 1000%Z 3%Z 77%Z 1 = (6001) /\
  rhs 1000%Z 3%Z 77%Z 1 = (6006).
Proof. anchored. Qed.
