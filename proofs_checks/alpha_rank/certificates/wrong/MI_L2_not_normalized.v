(* alpha_rank/MI-L2: Masses move by at most tanh of half the log ratio. If the logarithms of all masses of two laws
   pi and pi_hat differ by at most B, then the masses themselves differ by at most tanh(B / 2). Of every pair of
   laws on any number of states: the rule. *)
(* Answers of a wrong solver: not normalized. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import MI_L2.
Import ListNotations.
Open Scope R_scope.

(* chain-pairs:always-0 *)
Example anchor_1 :
  hypotheses [(1 / 1); (1 / 1)] [(1 / 1); (1 / 1)] (1 / 1) 0 /\
  lhs [(1 / 1); (1 / 1)] [(1 / 1); (1 / 1)] (1 / 1) 0 = (0) /\
  rhs [(1 / 1); (1 / 1)] [(1 / 1); (1 / 1)] (1 / 1) 0 = (0).
Proof. anchored. Qed.

(* chain-pairs:always-0 *)
Example anchor_2 :
  hypotheses [(1 / 1); (1 / 1)] [(1 / 1); (1 / 1)] (1 / 1) 1 /\
  lhs [(1 / 1); (1 / 1)] [(1 / 1); (1 / 1)] (1 / 1) 1 = (0) /\
  rhs [(1 / 1); (1 / 1)] [(1 / 1); (1 / 1)] (1 / 1) 1 = (0).
Proof. anchored. Qed.

(* chain-pairs:always-1 *)
Example anchor_3 :
  hypotheses [(1 / 1); (1 / 1)] [(1 / 1); (2 / 1)] (2 / 1) 0 /\
  lhs [(1 / 1); (1 / 1)] [(1 / 1); (2 / 1)] (2 / 1) 0 = (0) /\
  rhs [(1 / 1); (1 / 1)] [(1 / 1); (2 / 1)] (2 / 1) 0 = (1 / 5).
Proof. anchored. Qed.

(* chain-pairs:always-1 *)
Example anchor_4 :
  hypotheses [(1 / 1); (1 / 1)] [(1 / 1); (2 / 1)] (2 / 1) 1 /\
  lhs [(1 / 1); (1 / 1)] [(1 / 1); (2 / 1)] (2 / 1) 1 = (1) /\
  rhs [(1 / 1); (1 / 1)] [(1 / 1); (2 / 1)] (2 / 1) 1 = (1 / 5).
Proof. anchored. Qed.

(* chain-pairs:always-2 *)
Example anchor_5 :
  hypotheses [(1 / 1); (4 / 5); (7 / 5)] [(1 / 1); (5 / 4); (7 / 8)] (8 / 5) 0 /\
  lhs [(1 / 1); (4 / 5); (7 / 5)] [(1 / 1); (5 / 4); (7 / 8)] (8 / 5) 0 = (0) /\
  rhs [(1 / 1); (4 / 5); (7 / 5)] [(1 / 1); (5 / 4); (7 / 8)] (8 / 5) 0 = (3 / 13).
Proof. anchored. Qed.

(* chain-pairs:always-2 *)
Example anchor_6 :
  hypotheses [(1 / 1); (4 / 5); (7 / 5)] [(1 / 1); (5 / 4); (7 / 8)] (8 / 5) 1 /\
  lhs [(1 / 1); (4 / 5); (7 / 5)] [(1 / 1); (5 / 4); (7 / 8)] (8 / 5) 1 = (9 / 20) /\
  rhs [(1 / 1); (4 / 5); (7 / 5)] [(1 / 1); (5 / 4); (7 / 8)] (8 / 5) 1 = (3 / 13).
Proof. anchored. Qed.

(* chain-pairs:always-2 *)
Example anchor_7 :
  hypotheses [(1 / 1); (4 / 5); (7 / 5)] [(1 / 1); (5 / 4); (7 / 8)] (8 / 5) 2 /\
  lhs [(1 / 1); (4 / 5); (7 / 5)] [(1 / 1); (5 / 4); (7 / 8)] (8 / 5) 2 = (21 / 40) /\
  rhs [(1 / 1); (4 / 5); (7 / 5)] [(1 / 1); (5 / 4); (7 / 8)] (8 / 5) 2 = (3 / 13).
Proof. anchored. Qed.

(* chain-pairs:tight-0 *)
Example anchor_8 :
  hypotheses [(1 / 1); (2 / 1)] [(1 / 1); (1 / 2)] (4 / 1) 0 /\
  lhs [(1 / 1); (2 / 1)] [(1 / 1); (1 / 2)] (4 / 1) 0 = (0) /\
  rhs [(1 / 1); (2 / 1)] [(1 / 1); (1 / 2)] (4 / 1) 0 = (1 / 3).
Proof. anchored. Qed.

(* chain-pairs:tight-0 *)
Example anchor_9 :
  hypotheses [(1 / 1); (2 / 1)] [(1 / 1); (1 / 2)] (4 / 1) 1 /\
  lhs [(1 / 1); (2 / 1)] [(1 / 1); (1 / 2)] (4 / 1) 1 = (3 / 2) /\
  rhs [(1 / 1); (2 / 1)] [(1 / 1); (1 / 2)] (4 / 1) 1 = (1 / 3).
Proof. anchored. Qed.
