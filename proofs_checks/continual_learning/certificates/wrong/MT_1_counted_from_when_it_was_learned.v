(* continual_learning/MT-1: Forgetting is at least the backward transfer that was lost. R[i, j] is the accuracy on
   task j after task i was learned. Forgetting F, the mean over all tasks j but the last of the best R[i, j] before
   the end less R[T, j], is at least -BWT, the mean of R[j, j] - R[T, j]. They are equal exactly where each task is
   at its best right after it was learned. Of every table of at least two tasks: the rule. *)
(* Answers of a wrong solver: counted from when it was learned. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import Table MT_1.
Import ListNotations.
Open Scope R_scope.

(* accuracy-tables:always-3 *)
Example anchor_1 :
  hypotheses [[(1 / 2); (0 / 1); (0 / 1)]; [(3 / 4); (1 / 2); (0 / 1)]; [(1 / 4); (1 / 2); (1 / 1)]] (1 / 8) (-1 / 8) /\
  lhs [[(1 / 2); (0 / 1); (0 / 1)]; [(3 / 4); (1 / 2); (0 / 1)]; [(1 / 4); (1 / 2); (1 / 1)]] (1 / 8) (-1 / 8) = (1 / 8) /\
  rhs [[(1 / 2); (0 / 1); (0 / 1)]; [(3 / 4); (1 / 2); (0 / 1)]; [(1 / 4); (1 / 2); (1 / 1)]] (1 / 8) (-1 / 8) = (0).
Proof. anchored. Qed.

(* accuracy-tables:always-5 *)
Example anchor_2 :
  hypotheses [[(7 / 8); (5 / 8); (1 / 2); (1 / 4)]; [(1 / 4); (0 / 1); (0 / 1); (0 / 1)]; [(1 / 8); (7 / 8); (5 / 8); (1 / 1)]; [(1 / 2); (5 / 8); (1 / 1); (3 / 4)]] (-5 / 24) (5 / 24) /\
  lhs [[(7 / 8); (5 / 8); (1 / 2); (1 / 4)]; [(1 / 4); (0 / 1); (0 / 1); (0 / 1)]; [(1 / 8); (7 / 8); (5 / 8); (1 / 1)]; [(1 / 2); (5 / 8); (1 / 1); (3 / 4)]] (-5 / 24) (5 / 24) = (5254199565265579 / 18014398509481984) /\
  rhs [[(7 / 8); (5 / 8); (1 / 2); (1 / 4)]; [(1 / 4); (0 / 1); (0 / 1); (0 / 1)]; [(1 / 8); (7 / 8); (5 / 8); (1 / 1)]; [(1 / 2); (5 / 8); (1 / 1); (3 / 4)]] (-5 / 24) (5 / 24) = (0).
Proof. anchored. Qed.

(* accuracy-tables:always-6 *)
Example anchor_3 :
  hypotheses [[(5 / 8); (1 / 2); (5 / 8); (1 / 1); (1 / 4)]; [(7 / 8); (3 / 4); (0 / 1); (3 / 8); (7 / 8)]; [(1 / 2); (0 / 1); (3 / 4); (3 / 4); (7 / 8)]; [(1 / 8); (0 / 1); (7 / 8); (0 / 1); (1 / 2)]; [(0 / 1); (1 / 4); (1 / 2); (3 / 8); (3 / 8)]] (1 / 4) (-1 / 4) /\
  lhs [[(5 / 8); (1 / 2); (5 / 8); (1 / 1); (1 / 4)]; [(7 / 8); (3 / 4); (0 / 1); (3 / 8); (7 / 8)]; [(1 / 2); (0 / 1); (3 / 4); (3 / 4); (7 / 8)]; [(1 / 8); (0 / 1); (7 / 8); (0 / 1); (1 / 2)]; [(0 / 1); (1 / 4); (1 / 2); (3 / 8); (3 / 8)]] (1 / 4) (-1 / 4) = (3 / 32) /\
  rhs [[(5 / 8); (1 / 2); (5 / 8); (1 / 1); (1 / 4)]; [(7 / 8); (3 / 4); (0 / 1); (3 / 8); (7 / 8)]; [(1 / 2); (0 / 1); (3 / 4); (3 / 4); (7 / 8)]; [(1 / 8); (0 / 1); (7 / 8); (0 / 1); (1 / 2)]; [(0 / 1); (1 / 4); (1 / 2); (3 / 8); (3 / 8)]] (1 / 4) (-1 / 4) = (0).
Proof. anchored. Qed.
